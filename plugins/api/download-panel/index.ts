/** The panel that brings weights and data to a host. */
export { downloadPanel, type Repository } from './download.ts'
