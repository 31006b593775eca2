// The gRPC face of Auth/* and INIT: each method is one verb of Registrar or DeviceSessions.
#pragma once

#include "chat/v1/auth.grpc.pb.h"
#include "services/auth/device_sessions.h"
#include "services/auth/registrar.h"

namespace chat::auth {

class AuthService final : public v1::AuthService::Service {
 public:
  // Both outlive the service.
  AuthService(Registrar& registrar, DeviceSessions& sessions)
      : registrar_(registrar), sessions_(sessions) {}

  grpc::Status Reg(grpc::ServerContext*, const v1::Auth*, v1::Reply*) override;
  grpc::Status Voice(grpc::ServerContext*, const v1::Auth*, v1::Reply*) override;
  grpc::Status Resend(grpc::ServerContext*, const v1::Auth*, v1::Reply*) override;
  grpc::Status Verify(grpc::ServerContext*, const v1::Auth*, v1::Reply*) override;
  grpc::Status Login(grpc::ServerContext*, const v1::Auth*, v1::Reply*) override;
  grpc::Status Logout(grpc::ServerContext*, const v1::Auth*, v1::Reply*) override;
  grpc::Status Push(grpc::ServerContext*, const v1::Auth*, v1::Reply*) override;
  grpc::Status List(grpc::ServerContext*, const v1::Auth*, v1::Reply*) override;
  grpc::Status Init(grpc::ServerContext*, const v1::Init*, v1::Reply*) override;

 private:
  Registrar& registrar_;
  DeviceSessions& sessions_;
};

}  // namespace chat::auth
