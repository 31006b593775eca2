// Open topics in PostgreSQL (schema `delivery`, PROTOCOL 1.10): the log, retained messages, claims
// of shared subscriptions, wills.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "chat/v1/open.pb.h"
#include "libs/pg/pool.h"

namespace chat::messaging {

class PgOpenStore {
 public:
  // The log keeps its last `log_messages`.
  PgOpenStore(pg::Pool& pool, int64_t log_messages) : pool_(pool), log_messages_(log_messages) {}

  // Gives the messages their positions and keeps or clears what is retained.
  absl::Status Append(pg::Deadline deadline, v1::OpenPublishRequest* request);
  // Pages of some 2 MiB, and at least one message.
  absl::StatusOr<v1::OpenReadReply> Read(pg::Deadline deadline, const v1::OpenReadRequest& request);
  // Pages of some 256 KiB that looked at 500 topics at most.
  absl::StatusOr<v1::OpenRetainedReply> Retained(pg::Deadline deadline,
                                                 const v1::OpenRetainedRequest& request);
  absl::StatusOr<bool> Claim(pg::Deadline deadline, int64_t message, const std::string& share);
  // The gateway is alive; and the wills that are due, at most 100, gone from here with this.
  absl::StatusOr<v1::TakeWillsReply> TakeWills(pg::Deadline deadline, const std::string& gateway);
  // Deletes what is over the log's bound, expired, or claimed an hour ago.
  absl::Status Prune(pg::Deadline deadline);

 private:
  pg::Pool& pool_;
  const int64_t log_messages_;
};

}  // namespace chat::messaging
