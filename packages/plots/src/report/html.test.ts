import { describe, expect, it } from 'vitest'
import { Html, html } from './html.ts'

describe('html', () => {
  it('escapes every value that is not HTML', () => {
    expect(html`<p title="${`"'`}">${'<b>&'}</p>`.text).toBe(
      '<p title="&quot;&#39;">&lt;b&gt;&amp;</p>',
    )
  })

  it('takes HTML as it is, lists one after the other, and nothing for null', () => {
    expect(html`<ul>${[1, 2].map(n => html`<li>${n}</li>`)}${null}</ul>`.text).toBe(
      '<ul><li>1</li><li>2</li></ul>',
    )
    expect(html`${new Html('<br>')}`.text).toBe('<br>')
  })
})
