// chat-auth as its callers see it: the services behind a gRPC server, on a real PostgreSQL, with a
// chat-profile that is one map and a provider that keeps what it was given.
#pragma once

#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "chat/v1/auth.grpc.pb.h"
#include "chat/v1/messaging.grpc.pb.h"
#include "chat/v1/profile.grpc.pb.h"
#include "libs/pg/test_database.h"
#include "libs/rpc/call.h"
#include "services/auth/auth_internal_service.h"
#include "services/auth/auth_service.h"
#include "services/auth/migrations.h"
#include "services/auth/pg_code_store.h"
#include "services/auth/pg_session_store.h"

namespace chat::auth {

class RecordingProvider : public courier::Carrier {
 public:
  using Sent = courier::Letter;
  absl::Status Carry(const Sent& letter) override;
  std::vector<Sent> sent() const;
  Sent last() const { return sent().back(); }
  // What further attempts get.
  void Break(absl::Status with) {
    std::lock_guard lock(mutex_);
    with_ = std::move(with);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Sent> sent_;
  absl::Status with_;
};

// Messaging's side of a logout.
class RecordingFeeds final : public v1::FeedsInternal::Service {
 public:
  grpc::Status EndSessions(grpc::ServerContext*, const v1::EndSessionsRequest* request,
                           v1::EndSessionsReply*) override;
  std::vector<v1::EndSessionsRequest> ended() const;
  void SetAway(bool away);

 private:
  mutable std::mutex mutex_;
  std::vector<v1::EndSessionsRequest> ended_;
  bool away_ = false;
};

class MapProfile final : public v1::ProfileInternal::Service {
 public:
  grpc::Status EnsureAccount(grpc::ServerContext*, const v1::EnsureAccountRequest*,
                             v1::AccountReply*) override;
  grpc::Status Open(grpc::ServerContext*, const v1::OpenProfileRequest*,
                    v1::AccountReply*) override;
  // Calls of that method are answered UNAVAILABLE.
  void Break(bool ensure, bool open);
  size_t accounts() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int64_t> accounts_;
  bool ensure_broken_ = false;
  bool open_broken_ = false;
};

// Expects the method to be refused with this code.
void ExpectRefused(const grpc::Status& status, v1::ErrorCode code);

class AuthFixture : public testing::Test {
 protected:
  using Method = grpc::Status (v1::AuthService::Stub::*)(grpc::ClientContext*, const v1::Auth&,
                                                         v1::Reply*);
  using Stub = v1::AuthService::Stub;

  // `change` is applied before the services are made.
  explicit AuthFixture(const std::function<void(AuthConfig&)>& change = nullptr);
  ~AuthFixture() override;

  // What a gateway would say of these connections.
  static v1::Caller Registering(const std::string& client_id);
  static v1::Caller Device(const std::string& client_id, int64_t account_id,
                           const std::string& phone, const std::string& token = "");

  grpc::Status Call(Method method, const v1::Caller& caller, const v1::Auth& auth,
                    v1::Reply* reply = nullptr);
  grpc::Status Init(const v1::Caller& caller, const std::string& token, v1::Reply* reply);
  v1::ConnectReply Connect(const std::string& client_id,
                           const std::optional<std::string>& password = std::nullopt);

  static v1::Auth Reg(const std::string& phone);
  static v1::Auth Code(const std::string& code);
  struct Login {
    std::string client_id = {};
    std::string token = {};
    int64_t account_id = 0;
  };
  // Registers, verifies and connects a device.
  Login LogIn(const std::string& registering_id, const std::string& phone);
  static Login LoginOf(const v1::Reply& reply);

  pg::TestDatabase database_{"auth", kMigrations};
  RecordingProvider provider_;
  MapProfile profile_;
  RecordingFeeds feeds_;
  AuthConfig config_;

 private:
  std::unique_ptr<grpc::Server> profile_server_;
  std::unique_ptr<v1::FeedsInternal::Stub> feeds_stub_;
  std::unique_ptr<courier::Courier> courier_;
  std::unique_ptr<CodeSender> sender_;
  std::unique_ptr<v1::ProfileInternal::Stub> profile_stub_;
  std::unique_ptr<PgCodeStore> codes_;
  std::unique_ptr<PgSessionStore> sessions_;
  std::unique_ptr<Registrar> registrar_;
  std::unique_ptr<DeviceSessions> devices_;
  std::unique_ptr<AuthService> service_;
  std::unique_ptr<AuthInternalService> internal_;
  std::unique_ptr<grpc::Server> server_;

 protected:
  std::unique_ptr<v1::AuthService::Stub> stub_;
  std::unique_ptr<v1::AuthInternal::Stub> internal_stub_;
};

}  // namespace chat::auth
