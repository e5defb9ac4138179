#include "peers/queue.h"

const struct queue *const queues[] = {
    &queue_holdfast,
#ifdef BENCH_SQLITE
    &queue_sqlite,
    &queue_sqlite_many,
#endif
    &queue_beanstalkd, /* it needs no library, but the server */
    NULL,
};
