// The least window there can be: it drops. The real one is tested in tests/window/.
document.addEventListener('dragover', (event) => event.preventDefault())
document.addEventListener('drop', (event) => {
  event.preventDefault()
  const files = [...event.dataTransfer.files].map((file) => ({ file, relativePath: file.name }))
  void window.api.storeFiles(files, 'decline')
})
