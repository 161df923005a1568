/** The headers that the window's pages are served with by the app itself. */

import { contentSecurityPolicy } from '../../shared/content-policy.ts'

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
