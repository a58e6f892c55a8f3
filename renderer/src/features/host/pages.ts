/** The parts of the page of a host. */
export type HostPage = 'overview' | 'npus' | 'files' | 'terminals' | 'forwards' | 'engine'
