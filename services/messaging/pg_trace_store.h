// What PostgreSQL knows of one message and of those whom it is for. For operators: reads only, and
// of no interest to any client.
#pragma once

#include <absl/status/statusor.h>

#include "chat/v1/trace.pb.h"
#include "libs/pg/pool.h"

namespace chat::messaging {

class PgTraceStore {
 public:
  explicit PgTraceStore(pg::Pool& pool) : pool_(pool) {}
  // kNotFound when nothing has this id. A `msg_id` without author costs a look into an index for
  // every roster there is.
  absl::StatusOr<v1::FindMessageReply> Find(pg::Deadline deadline,
                                            const v1::FindMessageRequest& request);

 private:
  pg::Pool& pool_;
};

}  // namespace chat::messaging
