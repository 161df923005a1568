/** The policy of the window's pages, wherever they are served from. Strict: no inline script, no inline style without this response's nonce. */

/** Where a page's own scripts read the nonce from: `<meta name="csp-nonce" content="__NONCE__">` in index.html. */
export const noncePlaceholder = '__NONCE__'

/** `nonce`: a fresh one for each page, null for everything else. */
export function contentSecurityPolicy(nonce: string | null): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    nonce === null ? "style-src 'self'" : `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
