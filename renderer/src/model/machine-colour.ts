import type { MachineView } from '../../../shared/views.ts'

const paletteSize = 12

/** A machine's colour class, the same in copies, transfers, route and ring. Grey for a machine that nobody knows any more. */
export function colourClass(machine: Pick<MachineView, 'colour'> | undefined): string {
  return machine ? `machine-${((machine.colour % paletteSize) + paletteSize) % paletteSize}` : 'machine-none'
}
