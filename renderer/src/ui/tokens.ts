import type { GlobalThemeOverrides } from 'naive-ui'

/** The only list of colours, spaces, radii and fonts. Everything that paints derives from here. */
export type ThemeName = 'light' | 'dark'

interface Palette {
  base: string
  surface: string
  raised: string
  line: string
  /** Borders of things that can be clicked or typed in: 3:1 against the surface. */
  lineStrong: string
  text: string
  muted: string
  /** Decoration only: too weak for text. */
  faint: string
  accent: string
  accentHover: string
  onAccent: string
  ok: string
  warn: string
  error: string
  running: string
  /** The same meanings as text: 4.5:1 against base and surface. */
  accentText: string
  okText: string
  warnText: string
  errorText: string
  runningText: string
  accentSoft: string
  okSoft: string
  warnSoft: string
  errorSoft: string
  runningSoft: string
  hover: string
  selected: string
  /** Over everything behind a dialog. */
  backdrop: string
  /** Under what floats and has no line of its own to stand out by. */
  shadow: string
}

const light: Palette = {
  base: '#F5F6F8',
  surface: '#FFFFFF',
  raised: '#FFFFFF',
  line: '#E2E5EA',
  lineStrong: '#8A94A1',
  text: '#1A1E24',
  muted: '#596370',
  faint: '#8A94A1',
  accent: '#3D5AFE',
  accentHover: '#2F49DB',
  onAccent: '#FFFFFF',
  ok: '#1F9D61',
  warn: '#B97700',
  error: '#D13438',
  running: '#2B7DE9',
  accentText: '#3049D8',
  okText: '#15734A',
  warnText: '#8A5800',
  errorText: '#B3262A',
  runningText: '#1A5FBC',
  accentSoft: '#E9EDFF',
  okSoft: '#E3F4EB',
  warnSoft: '#FBF0DC',
  errorSoft: '#FCE8E8',
  runningSoft: '#E4EFFD',
  hover: '#EDEFF3',
  selected: '#E6E9F5',
  backdrop: 'rgb(0 0 0 / 30%)',
  shadow: 'rgb(0 0 0 / 12%)',
}

const dark: Palette = {
  base: '#0F1216',
  surface: '#161A20',
  raised: '#1D232B',
  line: '#29303A',
  lineStrong: '#6B7584',
  text: '#E7EAEF',
  muted: '#9AA4B2',
  faint: '#6B7584',
  accent: '#7B93FF',
  accentHover: '#95A8FF',
  onAccent: '#0F1216',
  ok: '#3FBF80',
  warn: '#E0A22B',
  error: '#F06A6A',
  running: '#5AA2FF',
  accentText: '#94A8FF',
  okText: '#4FCB8E',
  warnText: '#E6AE42',
  errorText: '#F48383',
  runningText: '#74B1FF',
  accentSoft: '#1F2742',
  okSoft: '#152B22',
  warnSoft: '#2E2614',
  errorSoft: '#331D20',
  runningSoft: '#172840',
  hover: '#1E242D',
  selected: '#232A3D',
  backdrop: 'rgb(0 0 0 / 50%)',
  shadow: 'rgb(0 0 0 / 40%)',
}

const palettes = { light, dark } as const satisfies Record<ThemeName, Palette>

/** Sizes in pixels, on a grid of four. */
const space = { 1: 4, 2: 8, 3: 12, 4: 16, 5: 20, 6: 24, 8: 32 } as const
const fontSize = { 12: 12, 13: 13, 14: 14, 16: 16, 20: 20 } as const
const radius = 6
const bold = 600
const font =
  "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'WenQuanYi Micro Hei', sans-serif"
const mono =
  "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', 'WenQuanYi Micro Hei Mono', monospace"

export const colors = (theme: ThemeName): Readonly<Palette> => palettes[theme]

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** Every token as a custom property: `--c-*` colours, `--s-*` spaces, `--t-*` font sizes. */
export function cssVariables(theme: ThemeName): Record<string, string> {
  const variables: Record<string, string> = {
    '--radius': `${radius}px`,
    '--bold': String(bold),
    '--font': font,
    '--mono': mono,
  }
  for (const [name, value] of Object.entries(palettes[theme])) variables[`--c-${kebab(name)}`] = value
  for (const [name, value] of Object.entries(space)) variables[`--s-${name}`] = `${value}px`
  for (const [name, value] of Object.entries(fontSize)) variables[`--t-${name}`] = `${value}px`
  return variables
}

export function naiveOverrides(theme: ThemeName): GlobalThemeOverrides {
  const c = palettes[theme]
  return {
    common: {
      fontFamily: font,
      fontFamilyMono: mono,
      fontSize: `${fontSize[13]}px`,
      fontSizeTiny: `${fontSize[12]}px`,
      fontSizeSmall: `${fontSize[13]}px`,
      fontSizeMedium: `${fontSize[13]}px`,
      fontSizeLarge: `${fontSize[14]}px`,
      fontWeightStrong: String(bold),
      borderRadius: `${radius}px`,
      borderRadiusSmall: `${radius - 2}px`,
      heightTiny: '24px',
      heightSmall: '28px',
      heightMedium: '32px',
      bodyColor: c.base,
      cardColor: c.surface,
      modalColor: c.raised,
      popoverColor: c.raised,
      tableColor: c.surface,
      tableHeaderColor: c.surface,
      inputColor: c.surface,
      inputColorDisabled: c.base,
      actionColor: c.base,
      hoverColor: c.hover,
      dividerColor: c.line,
      borderColor: c.line,
      textColorBase: c.text,
      textColor1: c.text,
      textColor2: c.text,
      textColor3: c.muted,
      placeholderColor: c.muted,
      placeholderColorDisabled: c.muted,
      iconColor: c.muted,
      primaryColor: c.accent,
      primaryColorHover: c.accentHover,
      primaryColorPressed: c.accentHover,
      primaryColorSuppl: c.accent,
      infoColor: c.running,
      successColor: c.ok,
      warningColor: c.warn,
      errorColor: c.error,
      errorColorHover: c.errorText,
      errorColorPressed: c.errorText,
      cubicBezierEaseInOut: 'ease-out',
    },
    Button: {
      border: `1px solid ${c.line}`,
      textColorPrimary: c.onAccent,
      textColorHoverPrimary: c.onAccent,
      textColorPressedPrimary: c.onAccent,
      textColorFocusPrimary: c.onAccent,
      fontWeightStrong: String(bold),
      waveOpacity: '0',
    },
    Input: { border: `1px solid ${c.line}`, boxShadowFocus: `0 0 0 2px ${c.accentSoft}`, suffixTextColor: c.muted },
    Select: { peers: { InternalSelection: { border: `1px solid ${c.line}` } } },
    Switch: { railColor: c.lineStrong },
    Tooltip: { color: c.raised, textColor: c.text, boxShadow: `0 0 0 1px ${c.line}`, borderRadius: `${radius}px` },
  }
}

/** Series colours that stay apart for colour-blind readers; lines also differ in dash and symbol where it matters. */
const series = {
  light: ['#3D5AFE', '#B97700', '#1F9D61', '#9C3FC2', '#D13438', '#0D8BA1', '#7A5C00', '#596370'],
  dark: ['#7B93FF', '#E0A22B', '#3FBF80', '#CF8BEA', '#F06A6A', '#4FC3D9', '#C9B458', '#9AA4B2'],
} as const satisfies Record<ThemeName, readonly string[]>

/** A theme object for echarts.init. */
export function echartsTheme(theme: ThemeName): object {
  const c = palettes[theme]
  const axis = {
    axisLine: { lineStyle: { color: c.line } },
    axisTick: { lineStyle: { color: c.line } },
    axisLabel: { color: c.muted, fontFamily: font, fontSize: fontSize[12] },
    nameTextStyle: { color: c.muted },
    splitLine: { lineStyle: { color: c.line } },
    minorSplitLine: { lineStyle: { color: c.line } },
  }
  return {
    color: series[theme],
    backgroundColor: 'transparent',
    textStyle: { color: c.text, fontFamily: font, fontSize: fontSize[12] },
    legend: { textStyle: { color: c.muted } },
    categoryAxis: axis,
    valueAxis: axis,
    logAxis: axis,
    timeAxis: axis,
    line: { symbol: 'none', lineStyle: { width: 1.5 } },
    tooltip: {
      backgroundColor: c.raised,
      borderColor: c.line,
      textStyle: { color: c.text, fontFamily: font, fontSize: fontSize[12] },
      extraCssText: `box-shadow: none; border-radius: ${radius}px;`,
    },
  }
}

/** Colours and font of an xterm view. */
export function xtermTheme(theme: ThemeName) {
  const c = palettes[theme]
  const isDark = theme === 'dark'
  return {
    fontFamily: mono,
    fontSize: fontSize[12],
    lineHeight: 1.3,
    theme: {
      background: c.surface,
      foreground: c.text,
      cursor: c.accent,
      selectionBackground: isDark ? '#33406B' : '#CBD5FF',
      black: isDark ? '#3A424E' : '#1A1E24',
      red: c.errorText,
      green: c.okText,
      yellow: c.warnText,
      blue: c.runningText,
      magenta: isDark ? '#CF8BEA' : '#8A34AE',
      cyan: isDark ? '#4FC3D9' : '#0B7386',
      white: isDark ? '#E7EAEF' : '#596370',
      brightBlack: c.muted,
      brightRed: c.errorText,
      brightGreen: c.okText,
      brightYellow: c.warnText,
      brightBlue: c.runningText,
      brightMagenta: isDark ? '#DBA6F1' : '#8A34AE',
      brightCyan: isDark ? '#75D2E4' : '#0B7386',
      brightWhite: c.text,
    },
  }
}
