// Uploads as clients make them: one `ftp` tuple in, one `ftpack` out (PROTOCOL 1.8).
#pragma once

#include "chat/v1/records.pb.h"
#include "libs/rpc/call.h"
#include "services/media/object_files.h"
#include "services/media/object_store.h"

namespace chat::media {

struct TransferLimits {
  Quota quota;
  int64_t block_bytes = 262'144;
  int64_t max_packet = 1 << 20;
};

class Transfers {
 public:
  // Both outlive it.
  Transfers(ObjectStore& store, const ObjectFiles& files, TransferLimits limits)
      : store_(store), files_(files), limits_(limits) {}

  // The answer, a refusal included. An error means that the step could not be done now; repeating
  // it is safe. What is acknowledged is durable.
  absl::StatusOr<v1::FtpAck> Handle(const rpc::Call& call, const v1::Ftp& ftp);

 private:
  absl::StatusOr<v1::FtpAck> Open(const rpc::Call& call, const v1::Ftp& ftp);
  absl::StatusOr<v1::FtpAck> Cancel(const rpc::Call& call, const v1::Ftp& ftp);
  absl::StatusOr<v1::FtpAck> Send(const rpc::Call& call, const v1::Ftp& ftp);
  OpenVerdict Judge(const std::optional<Upload>& upload, int64_t size, const Used& used) const;
  absl::Status Write(const BlockDecision& block, const v1::Ftp& ftp, Upload* upload) const;
  int64_t Block(const v1::Ftp& ftp) const;

  ObjectStore& store_;
  const ObjectFiles& files_;
  const TransferLimits limits_;
};

}  // namespace chat::media
