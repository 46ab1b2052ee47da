import eslint from '@eslint/js'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  {
    ignores: [
      'node_modules/',
      'dist/',
      'build/',
      '.darkroom/',
      'coverage/',
      'bench/results/',
      'stack/edge/*.js',
    ],
  },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      eqeqeq: 'error',
    },
  },
  {
    // Rules and workflows run without Node (its modules: .dependency-cruiser.cjs).
    files: ['src/{domain,contracts,workflows}/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', 'Buffer', 'process', 'global', 'require', 'setImmediate'],
    },
  },
  {
    // Reads of the API go through lists/ (docs/architecture.md, Lists), so that nobody misses what they have just written.
    files: ['src/services/**/*.ts', 'src/api/**/*.ts'],
    ignores: ['**/*.test.ts', 'src/services/lists/own-writes.ts', 'src/services/feed/rebuild.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[property.name='replica']",
          message: 'Take the query of a Reader or ListRead: it knows whether the viewer has just written.',
        },
        {
          selector:
            "CallExpression[callee.property.name='transaction'] MemberExpression[property.name='primary']",
          message:
            'Take the query of the transaction: it holds a connection and would wait for a second one.',
        },
      ],
    },
  },
  {
    // Tests read JSON answers of any shape; what they assert is the check.
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // A title is read in a list of hundreds: subject, verb, outcome, on one line.
    files: ['**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression:matches([callee.name=/^(it|describe)$/], [callee.callee.object.name=/^(it|describe)$/])' +
            ' > Literal:first-child[value=/.{73}/]',
          message: 'A title of a test has at most 72 characters.',
        },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        fetch: 'readonly',
      },
    },
  },
)
