// @ts-check
/** House rules. Each relaxation says why; each addition says what it guards. Layers are .dependency-cruiser.cjs's matter. */

import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** The ring and the protocol meet the world through ports only: clock, randomness, transport. */
const worldless = [
  'Date',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'crypto',
  'fetch',
  'process',
  'Buffer',
  'console',
]

const noWaiting = [
  { selector: ':function[async=true]', message: 'No promises in here: answer with effects, and keep deadlines as data for the next tick.' },
  { selector: 'AwaitExpression', message: 'No promises in here: answer with effects, and keep deadlines as data for the next tick.' },
  {
    selector: "NewExpression[callee.name='Promise']",
    message: 'No promises in here: answer with effects, and keep deadlines as data for the next tick.',
  },
]

const noHiddenTests = [
  {
    selector: 'MemberExpression[object.name=/^(describe|it|test|suite)$/][property.name=/^(only|skip|todo|fails)$/]',
    message: 'Every test runs. Where something is missing on this machine, use skipIf or runIf with the reason printed.',
  },
  { selector: 'CallExpression[callee.name=/^(xit|xtest|xdescribe|fit|fdescribe)$/]', message: 'Every test runs.' },
]

export default defineConfig(
  globalIgnores(['out/', 'dist/', 'coverage/', '.tmp/', 'node_modules/', 'tests/shell/standin/', 'tests/shell/fake/*.js']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  {
    files: ['**/*.ts', '**/*.vue'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        // The same projects as vue-tsc -b; a file that no project lists is an error, not a guess.
        project: [
          'shared/tsconfig.json',
          'electron/peer/{protocol,ring,trust,net,disk,transfer,repair,folder}/tsconfig.json',
          'electron/{peer,headless,main,preload}/tsconfig.json',
          'renderer/tsconfig.json',
          'scripts/tsconfig.json',
          'tests/tsconfig.json',
        ],
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // `typeof import('…')` names the type of what is loaded when it is first needed.
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-floating-promises': 'error',
      'max-params': ['error', { max: 3 }],
      'no-console': 'error',
      eqeqeq: 'error',
      // Numbers and booleans read well in a line; objects do not.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `() => doIt()` as a listener, and `return handle(message)` in a switch, are shorter than a block and hide nothing.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      // `while (true)` loops that end by return are the clearest form of a reader.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      // An interface of the house may be met by a method that has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // A listener may be async where it ends with its own catch; floating promises stay forbidden.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false, attributes: false, properties: false } }],
      // Texts are spread into code points where characters are counted: that is what is meant.
      '@typescript-eslint/no-misused-spread': 'off',
      // An underscore says that the signature asks for it.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
    },
  },

  {
    files: ['**/*.vue'],
    extends: [vue.configs['flat/recommended']],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      'vue/no-v-html': 'error',
      // Types say which props may be absent, and what that means.
      'vue/require-default-prop': 'off',

      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup']],
    },
  },

  {
    files: ['electron/peer/ring/**/*.ts', 'electron/peer/protocol/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...worldless.map((name) => ({ name, message: 'Take the time, chance and the wire from ring/ports.ts.' })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Take chance from the Random port, or no run can be replayed.' },
      ],
      'no-restricted-syntax': ['error', ...noWaiting],
    },
  },

  {
    files: ['**/*.test.ts', 'tests/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...noHiddenTests],
      // Builders of test data are read beside their use.
      'max-params': ['error', { max: 4 }],
      // What beforeAll did not get to is undefined in afterAll, whatever its type says.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // A test states what must be there; the assertion that fails says so.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },

  {
    // What another process printed has no type; the expectation that reads it is its check.
    files: ['tests/{cluster,chaos,window,shell}/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },

  {
    // What a person runs in a terminal may speak there.
    files: ['tests/{sim,scale,chaos}/main.ts', 'tests/window/fixture/*.ts', 'bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },

  prettier,
)
