// What becomes of a pending registration when its code is asked for again or tried (PROTOCOL 5.1.2
// to 5.1.4, O12). Pure: rows and times in, verdicts out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chat::auth {

// A row of auth.pending.
struct Pending {
  std::string phone;
  std::string dev_key;
  std::string os;          // empty: not given
  bool jwt = false;        // the code was handed out as a JWT, not sent
  std::string code;        // six digits, or the SHA-256 of the JWT in hex
  int64_t code_age_s = 0;  // by PostgreSQL's clock (O18)
  int64_t wrong_tries = 0;
  std::optional<int64_t> verified_s;  // seconds since the verification; nullopt before it
  int64_t session_id = 0;             // the session that the verification made
};

struct CodeLimits {
  int64_t life_s = 900;
  int64_t wrong_tries = 5;
};
constexpr int64_t kSameCodeS = 300;     // a younger code is sent again as it is (5.1.3)
constexpr int64_t kVerifyAgainS = 120;  // how long a verification may be repeated (O12)

// What a request says about itself; empty: not given.
struct Claim {
  std::string connection;  // client id of the connection, always there
  std::string client_id;
  std::string dev_key;
  std::string phone;
};
// Everything given equals the connection and the row. The phone may have its leading `+`.
bool Matches(const Claim& claim, const Pending& pending);

enum class Send { kVoice, kSms };

enum class SendVerdict {
  kSame,      // send the row's code
  kNew,       // send a new code
  kNone,      // session_not_found
  kMismatch,  // mismatch_user_data
  kUsedUp,    // attempts_expired
};
SendVerdict JudgeSend(Send how, const std::optional<Pending>& pending, const Claim& claim,
                      const CodeLimits& limits);

enum class VerifyVerdict {
  kAccept,     // make the session
  kAgain,      // the session is there already: a fresh token for it
  kNone,       // session_not_found
  kNoneTried,  // session_not_found, and it counts as a wrong try
  kMismatch,   // mismatch_user_data
  kExpired,    // attempts_expired
  kWrong,      // invalid_sms_code or invalid_jwt_code; counts
};
VerifyVerdict JudgeVerify(const std::optional<Pending>& pending, const Claim& claim,
                          std::string_view code, const CodeLimits& limits);

}  // namespace chat::auth
