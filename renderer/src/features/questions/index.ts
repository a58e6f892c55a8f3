export { default as QuestionDialog } from './QuestionDialog.vue'
