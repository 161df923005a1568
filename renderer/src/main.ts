import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { findApi } from './api.ts'
import { showStoredTheme } from './composables/useTheme.ts'
import { usePeer } from './stores/peer.ts'
import './styles/main.css'

showStoredTheme()
const app = createApp(App)
app.use(createPinia())
usePeer().connect(findApi())
app.mount('#app')
