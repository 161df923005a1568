/** The headers that the window's pages are served with. Strict: no inline script, no inline style without this response's nonce. */

/** Where a page's own scripts read the nonce from: `<meta name="csp-nonce" content="__NONCE__">` in index.html. */
export const noncePlaceholder = '__NONCE__'

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

/** All headers of a response. `nonce` for pages, null for everything else. */
export function responseHeaders(contentType: string, nonce: string | null): Record<string, string> {
  return {
    'content-type': contentType,
    'content-security-policy': contentSecurityPolicy(nonce),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    // A page's nonce is good for one response only, so it must never come from a cache.
    'cache-control': nonce === null ? 'no-cache' : 'no-store',
  }
}
