// The life of a device session: Auth/login, logout, push and list, and INIT (PROTOCOL 5.1.5 to
// 5.1.8, 1.7, O13). Thread safe.
#pragma once

#include <absl/status/status.h>

#include "chat/v1/messaging.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/auth/session_store.h"

namespace chat::auth {

class DeviceSessions {
 public:
  // Both outlive this.
  DeviceSessions(SessionStore& store, v1::FeedsInternal::StubInterface& feeds)
      : store_(store), feeds_(feeds) {}

  absl::Status Login(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply);
  absl::Status Logout(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply);
  absl::Status Push(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply);
  absl::Status List(const rpc::Call& call, v1::Reply* reply);
  absl::Status Init(const rpc::Call& call, const v1::Init& init, v1::Reply* reply);

 private:
  // The session of the calling connection; session_not_found when it has ended meanwhile.
  absl::StatusOr<Session> Own(const rpc::Call& call);
  absl::StatusOr<Session> LoggedIn(const rpc::Call& call, const v1::Auth& auth);
  absl::StatusOr<Session> Registering(const rpc::Call& call, const v1::Auth& auth);

  // Ends the MQTT session and the connection of a session that is no more, wherever it is. Where
  // messaging is away the gateways find out by themselves (O11).
  void EndEverywhere(const rpc::Call& call, const std::string& client_id);

  SessionStore& store_;
  v1::FeedsInternal::StubInterface& feeds_;
};

}  // namespace chat::auth
