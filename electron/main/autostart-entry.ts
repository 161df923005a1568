/** The autostart entry of the desktops that follow freedesktop.org. `program`: absolute path of the app. */
export function autostartEntry(program: string): string {
  const quoted = `"${program.replace(/(["`$\\])/g, '\\$1').replaceAll('%', '%%')}"`
  return ['[Desktop Entry]', 'Type=Application', 'Name=Ringdrop', `Exec=${quoted} --hidden`, 'Terminal=false', ''].join('\n')
}
