/** Beside the file of its job, a child of the classifier's pool finds the weights under this name. */
export const MODEL_FILE = 'model.onnx'
