/**
 * The page may load and connect to nothing but its own origin. `socket` is the origin's WebSocket address in the browser
 * shell: not every browser counts it as 'self'.
 */
export function contentSecurityPolicy(socket?: string): string {
  return [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self' 'unsafe-inline'`,
    `img-src 'self' data:`,
    `font-src 'self'`,
    `connect-src 'self'${socket === undefined ? '' : ` ${socket}`}`,
    `worker-src 'self'`,
    // Not covered by default-src.
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ')
}

/** Headers of every answer, whatever it is. */
export const securityHeaders = (socket?: string): Record<string, string> => ({
  'Content-Security-Policy': contentSecurityPolicy(socket),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
})
