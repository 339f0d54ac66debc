// The ten figures of the synthetic set as signed distances: negative inside, in units of the figure's
// radius. Distances are exact or a lower bound near the edge, which is all that anti-aliasing needs.
// Formulas of the polygon, star and heart: Inigo Quilez, "2D distance functions" (iquilezles.org).

/** Signed distance from the point (x, y), y downwards, to a figure of radius about 1 around the origin. */
export type Shape = (x: number, y: number) => number

const disc: Shape = (x, y) => Math.hypot(x, y) - 0.86

const ring: Shape = (x, y) => Math.abs(Math.hypot(x, y) - 0.7) - 0.22

const crescent: Shape = (x, y) => Math.max(Math.hypot(x, y) - 0.95, 0.74 - Math.hypot(x - 0.46, y))

const box = (x: number, y: number, halfWidth: number, halfHeight: number): number => {
  const dx = Math.abs(x) - halfWidth
  const dy = Math.abs(y) - halfHeight
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0)
}

const square: Shape = (x, y) => box(x, y, 0.74, 0.74)

const cross: Shape = (x, y) => Math.min(box(x, y, 0.96, 0.28), box(x, y, 0.28, 0.96))

const star: Shape = (x, y) => {
  const [c, s] = [Math.cos(Math.PI / 5), Math.sin(Math.PI / 5)]
  let px = Math.abs(x)
  let py = -y
  const first = 2 * Math.max(c * px - s * py, 0)
  px -= first * c
  py += first * s
  const second = 2 * Math.max(-c * px - s * py, 0)
  px = Math.abs(px + second * c)
  py += second * s - 1.05
  const [ex, ey] = [0.42 * s, 0.42 * c - 1]
  const along = Math.min(Math.max((px * ex + py * ey) / (ex * ex + ey * ey), 0), 1.05)
  return Math.hypot(px - ex * along, py - ey * along) * Math.sign(py * ex - px * ey)
}

const heart: Shape = (x, y) => {
  const px = Math.abs(x) / 1.65
  const py = (0.92 - y) / 1.65
  if (px + py > 1) return 1.65 * (Math.hypot(px - 0.25, py - 0.75) - Math.SQRT2 / 4)
  const diagonal = 0.5 * Math.max(px + py, 0)
  const edge = Math.min(Math.hypot(px, py - 1), Math.hypot(px - diagonal, py - diagonal))
  return 1.65 * edge * Math.sign(px - py)
}

/** Distance to a closed polygon given as x0, y0, x1, y1, ... */
const polygon =
  (...corners: number[]): Shape =>
  (x, y) => {
    let nearest = Number.POSITIVE_INFINITY
    let sign = 1
    let jx = corners[corners.length - 2]!
    let jy = corners[corners.length - 1]!
    for (let i = 0; i < corners.length; i += 2) {
      const ix = corners[i]!
      const iy = corners[i + 1]!
      const [ex, ey, wx, wy] = [jx - ix, jy - iy, x - ix, y - iy]
      const along = Math.min(Math.max((wx * ex + wy * ey) / (ex * ex + ey * ey), 0), 1)
      nearest = Math.min(nearest, (wx - ex * along) ** 2 + (wy - ey * along) ** 2)
      const above = y >= iy
      const left = ex * wy > ey * wx
      if (above && y < jy && left) sign = -sign
      else if (!above && y >= jy && !left) sign = -sign
      jx = ix
      jy = iy
    }
    return sign * Math.sqrt(nearest)
  }

const triangle = polygon(0, -1.05, 0.95, 0.65, -0.95, 0.65)

const arrow = polygon(1, 0, 0.1, -0.85, 0.1, -0.3, -0.95, -0.3, -0.95, 0.3, 0.1, 0.3, 0.1, 0.85)

const bolt = polygon(0.3, -1.05, -0.7, 0.2, -0.05, 0.2, -0.3, 1.05, 0.7, -0.2, 0.05, -0.2)

/** The classes, in the order of their labels. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  arrow,
  bolt,
  crescent,
  cross,
  disc,
  heart,
  ring,
  square,
  star,
  triangle,
}
