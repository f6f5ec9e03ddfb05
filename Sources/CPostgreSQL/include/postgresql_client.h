// libpq, found at run time: a program that keeps its jobs in a folder needs no client library of PostgreSQL.
#ifndef POSTGRESQL_CLIENT_H
#define POSTGRESQL_CLIENT_H

#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#define POSTGRESQL_FOUND 1
#elif __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#define POSTGRESQL_FOUND 1
#endif

// A build without the package's trait PostgreSQL needs no header of libpq, and then nothing is declared here.
#ifdef POSTGRESQL_FOUND

// Every function of libpq that is used.
#define POSTGRESQL_FUNCTIONS(F) \
    F(PQconninfoParse) F(PQconninfoFree) F(PQfreemem) \
    F(PQconnectStartParams) F(PQconnectPoll) F(PQstatus) F(PQsocket) F(PQfinish) F(PQerrorMessage) F(PQserverVersion) \
    F(PQparameterStatus) F(PQtransactionStatus) F(PQsetnonblocking) F(PQflush) F(PQconsumeInput) F(PQisBusy) \
    F(PQsendQuery) F(PQsendPrepare) F(PQsendQueryPrepared) F(PQgetResult) F(PQnotifies) F(PQsetNoticeProcessor) \
    F(PQresultStatus) F(PQresultErrorMessage) F(PQresultErrorField) F(PQntuples) F(PQnfields) F(PQcmdTuples) \
    F(PQgetisnull) F(PQgetlength) F(PQgetvalue) F(PQclear)

#define POSTGRESQL_MEMBER(name) __typeof__(&name) _Nonnull name;
/// The functions of the library that was found.
struct postgresql_functions {
    POSTGRESQL_FUNCTIONS(POSTGRESQL_MEMBER)
};
#undef POSTGRESQL_MEMBER

/// Fills the table from `libpq.so.5`.
///
/// Returns NULL, or why the library cannot be used: what the loader said, or the name of a function that is missing. The text lives
/// until the thread's next call of the loader.
const char *_Nullable postgresql_load(struct postgresql_functions *_Nonnull functions);

/// The field of an error that has its five-letter code (PG_DIAG_SQLSTATE, a macro of a character that Swift does not see as a number).
extern const int postgresql_sqlstate_field;

/// A notice processor that drops what the server says beside results.
void postgresql_drop_notice(void *_Nullable argument, const char *_Nullable message);

#endif

#endif
