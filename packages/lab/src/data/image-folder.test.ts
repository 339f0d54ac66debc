import { describe, expect, it } from 'vitest'
import { DataError } from './errors.ts'
import { layOut } from './image-folder.ts'

const GOOD = ['train/b/1.jpg', 'train/a/2.JPEG', 'train/a/10.png', 'test/a/1.jpg', 'test/b/x.webp']

function failureOf(paths: string[]): string {
  try {
    layOut(paths, 'photos')
  } catch (error) {
    expect(error).toBeInstanceOf(DataError)
    return (error as DataError).message
  }
  return 'no error'
}

describe('layOut', () => {
  it('sorts classes, then files by their names, whatever the order of the list', () => {
    const layout = layOut(GOOD, 'photos')
    expect(layout).toEqual({
      classes: ['a', 'b'],
      train: {
        paths: ['train/a/10.png', 'train/a/2.JPEG', 'train/b/1.jpg'],
        labels: Int32Array.of(0, 0, 1),
      },
      test: { paths: ['test/a/1.jpg', 'test/b/x.webp'], labels: Int32Array.of(0, 1) },
    })
    expect(layOut(GOOD.toReversed(), 'photos')).toEqual(layout)
  })

  it('takes val/ for the test split, and test/ where both exist', () => {
    const val = GOOD.map(path => path.replace('test/', 'val/'))
    expect(layOut(val, 'photos').test.paths).toEqual(['val/a/1.jpg', 'val/b/x.webp'])
    expect(layOut([...val, ...GOOD], 'photos').test.paths[0]).toBe('test/a/1.jpg')
  })

  it('looks into one folder around the splits, beside which other files may stand', () => {
    const nested = ['README.md', ...GOOD.map(path => `set/${path}`)]
    expect(layOut(nested, 'photos').train.paths[0]).toBe('set/train/a/10.png')
  })

  it('passes over hidden files, files that are no images, and doubled names; goes into sub-folders', () => {
    const extra = ['train/a/._2.JPEG', '.git/train/c/1.jpg', 'train/a/notes.txt', 'train/a/2.JPEG']
    const layout = layOut([...GOOD, ...extra, 'train/a/more/3.png'], 'photos')
    expect(layout.train.paths).toHaveLength(4)
    expect(layout.classes).toEqual(['a', 'b'])
  })

  it.each([[[]], [['README.md']], [['test/a/1.jpg']], [['train/1.jpg', 'test/1.jpg']]])(
    'names the missing train folder in %j',
    paths => {
      expect(failureOf(paths)).toBe(
        'Expected images under train/CLASS/ for `folder:PATH` but received no train folder with classes (photos). Arrange it as train/CLASS/image.jpg and test/CLASS/image.jpg.',
      )
    },
  )

  it('names the missing test folder', () => {
    expect(failureOf(['train/a/1.jpg'])).toContain('received no test folder with classes (photos)')
  })

  it('names a class that only one split has, on either side', () => {
    expect(failureOf([...GOOD, 'train/c/1.jpg'])).toContain(
      'received train/c without test/c (photos)',
    )
    expect(failureOf([...GOOD, 'test/c/1.jpg'])).toContain(
      'received test/c without train/c (photos)',
    )
  })

  it('names an empty class, known by its folder alone or by files that are no images', () => {
    expect(failureOf([...GOOD, 'train/c/', 'test/c/1.jpg'])).toContain(
      'received none in train/c (photos)',
    )
    expect(failureOf([...GOOD, 'train/c/1.jpg', 'test/c/a.txt'])).toContain(
      'received none in test/c',
    )
  })

  it('holds out one image in so many of each class where there are no splits', () => {
    const numbers = Array.from({ length: 7 }, (_, i) => i)
    const paths = numbers.flatMap(i => [`objects/ant/${i}.jpg`, `objects/bee/${i}.jpg`])
    const layout = layOut(['README', 'objects/', ...paths, 'objects/ant/x.txt'], 'photos', 3)
    expect(layout.classes).toEqual(['ant', 'bee'])
    expect(layout.test.paths).toEqual(
      ['ant/2', 'ant/5', 'bee/2', 'bee/5'].map(name => `objects/${name}.jpg`),
    )
    expect(layout.train.paths).toHaveLength(10)
    expect(layout.train.labels).toEqual(Int32Array.of(0, 0, 0, 0, 0, 1, 1, 1, 1, 1))
    const flat = layOut(
      paths.map(path => path.replace('objects/', '')),
      'photos',
      7,
    )
    expect(flat.test.paths).toEqual(['ant/6.jpg', 'bee/6.jpg'])
    expect(() => layOut(paths, 'photos', 8)).toThrow('but received 7 in ant (photos)')
    expect(() => layOut(['1.jpg'], 'photos', 2)).toThrow('but received none (photos)')
  })
})
