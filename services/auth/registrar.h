// From a phone number to a device session: Auth/reg, voice, resend and verify (PROTOCOL 5.1.1 to
// 5.1.4, O12, O17). Thread safe.
//
// A code is committed before it is handed to the courier, so what arrives always works. A verified
// session is made last: while chat-profile is away `verify` answers kUnavailable and the pending
// row stays, so that the device may repeat.
#pragma once

#include <absl/status/status.h>

#include "chat/v1/profile.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/auth/auth_config.h"
#include "services/auth/code_sender.h"
#include "services/auth/code_store.h"

namespace chat::auth {

class Registrar {
 public:
  // All outlive the registrar.
  Registrar(CodeStore& store, CodeSender& sender, v1::ProfileInternal::StubInterface& profile,
            const AuthConfig& config)
      : store_(store),
        sender_(sender),
        profile_(profile),
        config_(config),
        limits_{config.code_life_s, config.code_wrong_tries} {}

  absl::Status Reg(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply);
  absl::Status Voice(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply);
  absl::Status Resend(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply);
  absl::Status Verify(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply);

 private:
  struct Ready {
    std::string phone;
    std::string code;
  };
  absl::Status RegJwt(const rpc::Call& call, Registration registration, v1::Reply* reply);
  absl::StatusOr<Ready> Repeat(Send how, const rpc::Call& call, const v1::Auth& auth);
  absl::StatusOr<v1::AccountReply> OpenAccount(const rpc::Call& call, const std::string& phone);

  CodeStore& store_;
  CodeSender& sender_;
  v1::ProfileInternal::StubInterface& profile_;
  const AuthConfig& config_;
  const CodeLimits limits_;
};

}  // namespace chat::auth
