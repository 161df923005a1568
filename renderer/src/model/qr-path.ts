/** A QR code as one SVG path: one square a dark module, runs in a row joined. */

import QRCode from 'qrcode'

export interface QrPath {
  readonly size: number
  readonly path: string
}

export function qrPath(text: string): QrPath {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'M' })
  let path = ''
  for (let row = 0; row < modules.size; row++) {
    for (let column = 0; column < modules.size; column++) {
      if (!modules.get(row, column)) continue
      const start = column
      while (column + 1 < modules.size && modules.get(row, column + 1)) column++
      path += `M${start} ${row}h${column + 1 - start}v1H${start}z`
    }
  }
  return { size: modules.size, path }
}
