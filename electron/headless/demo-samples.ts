/** Files for the demo: small, generated, of several kinds, with names in several scripts. */

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

interface Sample {
  readonly name: string
  readonly text: string
}

const lines = (count: number, line: (index: number) => string): string =>
  `${Array.from({ length: count }, (_, index) => line(index)).join('\n')}\n`

function picture(hue: number, title: string): string {
  const rings = Array.from(
    { length: 7 },
    (_, i) => `<circle cx="320" cy="200" r="${30 + i * 24}" fill="none" stroke="hsl(${hue + i * 18} 70% 55%)" stroke-width="10"/>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400"><rect width="640" height="400" fill="hsl(${hue} 30% 94%)"/>${rings.join('')}<text x="32" y="376" font-family="sans-serif" font-size="24" fill="hsl(${hue} 40% 25%)">${title}</text></svg>\n`
}

/** The samples, the same at every start. */
export function demoSamples(): readonly Sample[] {
  return [
    {
      name: 'Welcome.txt',
      text: 'Every file here is kept on several of these machines.\nStop one of them, and watch the others make new copies.\n',
    },
    { name: 'Photos/Harbour at dawn.svg', text: picture(200, 'Harbour at dawn') },
    { name: 'Photos/Autumn path.svg', text: picture(28, 'Autumn path') },
    { name: 'Photos/Été à la mer.svg', text: picture(175, 'Été à la mer') },
    {
      name: 'Garden.csv',
      text: `bed,plant,sown,harvest_kg\n${lines(40, (i) => `${(i % 6) + 1},plant ${i + 1},2024-0${(i % 5) + 3}-1${i % 10},${((i * 37) % 90) / 10}`)}`,
    },
    {
      name: 'Household 2024.csv',
      text: `month,heating,power,water\n${lines(12, (i) => `${i + 1},${80 - i * 3},${41 + ((i * 7) % 13)},${18 + (i % 4)}`)}`,
    },
    {
      name: 'Rezepte/Grünkohl.md',
      text: '# Grünkohl\n\n- 1 kg Grünkohl\n- 2 Zwiebeln\n- Senf, Salz, Pfeffer\n\nLangsam und lange schmoren.\n',
    },
    { name: '日本語のメモ.txt', text: 'リングはファイルを複数の機械に保管します。\n' },
    { name: 'Заметки о поездке.txt', text: 'День первый: поезд, озеро, дождь.\nДень второй: солнце.\n' },
    { name: 'قائمة المشتريات.txt', text: 'خبز\nزيتون\nشاي\n' },
    { name: 'Σημειώσεις.txt', text: 'Κάθε αρχείο έχει αντίγραφα.\n' },
    {
      name: 'Log of the weather station.txt',
      text: lines(
        20_000,
        (i) => `${i * 10} min\t${(12 + 9 * Math.sin(i / 23)).toFixed(1)} °C\t${(1013 + 8 * Math.cos(i / 61)).toFixed(1)} hPa`,
      ),
    },
    { name: 'Plans/Shed.svg', text: picture(95, 'Shed, seen from the south') },
    { name: 'Plans/To do.md', text: lines(25, (i) => `- [${i % 3 === 0 ? 'x' : ' '}] step ${i + 1}`) },
  ]
}

/** Writes the samples below a folder; their names in the ring and their paths. */
export async function writeDemoSamples(folder: string): Promise<{ name: string; path: string }[]> {
  const written: { name: string; path: string }[] = []
  for (const { name, text } of demoSamples()) {
    const path = join(folder, ...name.split('/'))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    written.push({ name, path })
  }
  return written
}
