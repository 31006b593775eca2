// OpenTopicsInternal: the open topics of all gateways (PROTOCOL 1.10).
#pragma once

#include "chat/v1/open.grpc.pb.h"
#include "services/messaging/announcer.h"
#include "services/messaging/pg_open_store.h"

namespace chat::messaging {

class OpenTopicsService : public v1::OpenTopicsInternal::Service {
 public:
  OpenTopicsService(PgOpenStore& store, RedisPublish publish)
      : store_(store), publish_(std::move(publish)) {}
  grpc::Status Publish(grpc::ServerContext* context, const v1::OpenPublishRequest* request,
                       v1::OpenPublishReply* reply) override;
  grpc::Status Read(grpc::ServerContext* context, const v1::OpenReadRequest* request,
                    v1::OpenReadReply* reply) override;
  grpc::Status Retained(grpc::ServerContext* context, const v1::OpenRetainedRequest* request,
                        v1::OpenRetainedReply* reply) override;
  grpc::Status Claim(grpc::ServerContext* context, const v1::OpenClaimRequest* request,
                     v1::OpenClaimReply* reply) override;
  grpc::Status TakeWills(grpc::ServerContext* context, const v1::TakeWillsRequest* request,
                         v1::TakeWillsReply* reply) override;

 private:
  PgOpenStore& store_;
  const RedisPublish publish_;
};

}  // namespace chat::messaging
