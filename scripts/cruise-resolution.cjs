/** How dependency-cruiser finds sources: the package's import maps point at what is built, the rules are about what is written. */
const { resolve } = require('node:path');

module.exports = {
  resolve: {
    alias: { '#src': resolve('src'), '#tests': resolve('tests') },
    extensionAlias: { '.js': ['.ts', '.js'] },
  },
};
