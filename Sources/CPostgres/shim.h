#include <libpq-fe.h>

/* Marks a synchronisation point. From libpq 17 on this leaves the sending to PQflush; before, each is a send. */
static inline int cpostgres_send_sync(PGconn *connection) {
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
  return PQsendPipelineSync(connection);
#else
  return PQpipelineSync(connection);
#endif
}
