// Pending registrations and their codes: what the domain asks of storage. Every verb is one
// transaction and judges the row while it is locked. Thread safe. Errors are those of pg::Pool.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <optional>
#include <string>

#include "libs/pg/pool.h"
#include "services/auth/code_rules.h"

namespace chat::auth {

struct Registration {
  std::string client_id;  // the registering one
  std::string phone;      // normalised
  std::string dev_key;
  std::string os;
  bool jwt = false;
  std::string code;     // as in Pending
  std::string address;  // of the peer; empty: not counted
};

struct CodeRequest {
  std::string client_id;
  std::string address;
  // The code for this phone that takes the old one's place where the verdict is kNew.
  std::function<std::string(const std::string& phone)> new_code;
};

struct CodeAnswer {
  SendVerdict verdict = SendVerdict::kNone;
  bool within_limits = true;  // false: too many codes; nothing has changed
  Pending pending = {};       // with the code to send, where the verdict is kSame or kNew
};

struct VerifyAnswer {
  VerifyVerdict verdict = VerifyVerdict::kNone;
  Pending pending = {};  // where the verdict is kAccept or kAgain
};

struct NewSession {
  std::string client_id;   // the registering one
  std::string session_id;  // SessionClientId() of it
  std::string other_id;    // taken where session_id belongs to another device
  int64_t account_id = 0;
  std::string token_hash;
};

struct OpenedSession {
  VerifyVerdict verdict = VerifyVerdict::kNone;
  std::string client_id = {};  // of the session, where the verdict is kAccept or kAgain
};

using SendJudge = std::function<SendVerdict(const std::optional<Pending>&)>;
using VerifyJudge = std::function<VerifyVerdict(const std::optional<Pending>&)>;

class CodeStore {
 public:
  virtual ~CodeStore() = default;

  // Makes or replaces the pending row and counts the code. False: too many codes for the phone or
  // the address (O17); nothing has changed.
  virtual absl::StatusOr<bool> Register(pg::Deadline deadline,
                                        const Registration& registration) = 0;

  // Counts a code that another service sends. False: too many; nothing has changed.
  virtual absl::StatusOr<bool> Count(pg::Deadline deadline, const std::string& phone,
                                     const std::string& address) = 0;

  // The code to send again, counted.
  virtual absl::StatusOr<CodeAnswer> RepeatCode(pg::Deadline deadline, const CodeRequest& request,
                                                const SendJudge& judge) = 0;

  // Judges a code; a wrong try is counted. Changes nothing else.
  virtual absl::StatusOr<VerifyAnswer> TryCode(pg::Deadline deadline, const std::string& client_id,
                                               const VerifyJudge& judge) = 0;

  // Judges once more and, where the verdict is kAccept, makes the session (replacing the row that
  // has its client id, if O12 allows) with its first token, and marks the pending row as verified;
  // where it is kAgain, voids the session's tokens and gives it this one. kUnavailable when the
  // account has just been removed or renamed: a repeat asks chat-profile anew.
  virtual absl::StatusOr<OpenedSession> OpenSession(pg::Deadline deadline,
                                                    const NewSession& session,
                                                    const VerifyJudge& judge) = 0;
};

}  // namespace chat::auth
