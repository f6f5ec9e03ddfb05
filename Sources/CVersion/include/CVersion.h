// What only the build knows of the program.
#ifndef CVERSION_H
#define CVERSION_H

/// The first seven digits of the commit that the program was built from, with `+` behind them when files had been changed
/// since; "unknown" when the build was not told (Package.swift reads it from DEBLUR_COMMIT, which the Makefile sets).
const char *cversion_commit(void);

#endif
