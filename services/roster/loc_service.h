// Loc/ (PROTOCOL 5.8): a position goes to the own devices, and is kept nowhere.
#pragma once

#include "chat/v1/roster.grpc.pb.h"
#include "services/roster/transient.h"

namespace chat::roster {

// Thread safe. The lane must outlive it.
class LocService final : public v1::LocService::Service {
 public:
  explicit LocService(Transient& transient) : transient_(transient) {}

  grpc::Status Relay(grpc::ServerContext* context, const v1::Loc* request,
                     v1::Reply* reply) override;

 private:
  Transient& transient_;
};

}  // namespace chat::roster
