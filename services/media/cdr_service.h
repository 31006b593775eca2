// Call records: CDR/ and its reading (PROTOCOL 5.8, O27).
#pragma once

#include "chat/v1/media.grpc.pb.h"
#include "services/media/cdr_store.h"
#include "services/media/feeds.h"

namespace chat::media {

class CdrService final : public v1::CdrService::Service {
 public:
  // Both outlive it.
  CdrService(CdrStore& store, Feeds& feeds, int64_t per_day)
      : store_(store), feeds_(feeds), per_day_(per_day) {}

  grpc::Status Put(grpc::ServerContext*, const v1::Cdr*, v1::Reply*) override;
  grpc::Status Get(grpc::ServerContext*, const v1::Cdr*, v1::Reply*) override;

 private:
  absl::StatusOr<std::string> Put(const rpc::Call& call, const v1::Cdr& cdr);

  CdrStore& store_;
  Feeds& feeds_;
  const int64_t per_day_;
};

}  // namespace chat::media
