export { default as TourCard } from './TourCard.vue'
export { type Tour, useTour } from './use-tour.ts'
