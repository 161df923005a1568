/** Names of the two channels between the preload script and the main process. */

/** Commands: name and argument there, an outcome back. */
export const runChannel = 'ringdrop:run'
/** News, pushed to every window. */
export const newsChannel = 'ringdrop:news'
