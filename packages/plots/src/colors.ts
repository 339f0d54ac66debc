// The one palette of every chart and of the report. Charts name colours as CSS variables; the theme
// gives them values, in a stylesheet or by substitution. Nothing else may name a colour.

/** Where an SVG goes: a file of its own (light or dark), or a page that sets the variables. */
export type Theme = 'light' | 'dark' | 'page'

/** Roles: `ink` for data without a colour of its own and titles, `muted` for labels. */
export type Role = 'paper' | 'ink' | 'muted' | 'rule'

type Palette = Record<Role, string> & { series: readonly string[] }

// Viridis by Smith and van der Walt (2015), nine steps of even lightness, told apart with any colour
// vision and in grey; the same on both papers, as areas that hold a number of their own.
const scale = [
  '#440154',
  '#472d7b',
  '#3b528b',
  '#2c728e',
  '#21918c',
  '#28ae80',
  '#5ec962',
  '#addc30',
  '#fde725',
]

const onScale = { dark: '#ffffff', light: '#1c2024' }

// Series: Okabe & Ito (2008), "Color Universal Design", told apart with any colour vision. Yellow is
// left out on white, blue comes last on black: too little contrast. Hues keep their place.
const palettes: Record<'light' | 'dark', Palette> = {
  light: {
    paper: '#ffffff',
    ink: '#1c2024',
    muted: '#5b636d',
    rule: '#e3e6ea',
    series: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#4d4d4d'],
  },
  dark: {
    paper: '#16181c',
    ink: '#eceef1',
    muted: '#a3abb5',
    rule: '#2e333a',
    series: ['#56b4e9', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#f0e442', '#b3b3b3'],
  },
}

/** The colour of a role, as a CSS variable. */
export function color(role: Role): string {
  return `var(--plot-${role})`
}

/** How many colours there are before they repeat. */
export const SERIES_COLORS = palettes.light.series.length

/** The colour of the `index`-th variant, as a CSS variable; they repeat after seven. */
export function seriesColor(index: number): string {
  return `var(--plot-series-${index % SERIES_COLORS})`
}

/** How many steps {@link scaleColor} has. */
export const SCALE_STEPS = scale.length

/** The colour of a step of the sequential scale, as a CSS variable; 0 is the lowest and darkest. */
export function scaleColor(step: number): string {
  return `var(--plot-scale-${step})`
}

/** The colour of text on that step. */
export function onScaleColor(step: number): string {
  return `var(--plot-on-scale-${step < 4 ? 'dark' : 'light'})`
}

/** CSS declarations that give every variable its value. */
export function declareColors(theme: 'light' | 'dark'): string {
  return [...valuesOf(theme)].map(([variable, value]) => `${variable}: ${value};`).join(' ')
}

/** Puts the theme's values in place of the variables. */
export function substituteColors(text: string, theme: 'light' | 'dark'): string {
  const values = valuesOf(theme)
  return text.replace(/var\((--plot-[a-z0-9-]+)\)/g, (whole, name) => values.get(name) ?? whole)
}

function valuesOf(theme: 'light' | 'dark'): Map<string, string> {
  const { series, ...roles } = palettes[theme]
  return new Map([
    ...Object.entries(roles).map(([role, value]) => [`--plot-${role}`, value] as const),
    ...scale.map((value, step) => [`--plot-scale-${step}`, value] as const),
    ...Object.entries(onScale).map(
      ([shade, value]) => [`--plot-on-scale-${shade}`, value] as const,
    ),
    ...series.map((value, index) => [`--plot-series-${index}`, value] as const),
  ])
}
