import { homedir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { defaultCacheDir } from './cache.ts'

describe('defaultCacheDir', () => {
  it('prefers NORMFREE_CACHE, then XDG_CACHE_HOME, then the home folder; empty means unset', () => {
    expect(defaultCacheDir({ NORMFREE_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a')
    expect(defaultCacheDir({ NORMFREE_CACHE: '', XDG_CACHE_HOME: '/b' })).toBe('/b/normfree')
    expect(defaultCacheDir({ XDG_CACHE_HOME: '' })).toBe(`${homedir()}/.cache/normfree`)
  })
})
