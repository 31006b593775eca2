// The life of a device session: Auth/login, logout, push and list, and INIT (PROTOCOL 5.1.5 to
// 5.1.8, 1.7, O13). Thread safe.
#pragma once

#include <absl/status/status.h>

#include "libs/rpc/call.h"
#include "services/auth/session_store.h"

namespace chat::auth {

class DeviceSessions {
 public:
  explicit DeviceSessions(SessionStore& store) : store_(store) {}

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

  SessionStore& store_;
};

}  // namespace chat::auth
