#include "services/auth/code_rules.h"

#include "libs/base/ids.h"
#include "services/auth/secrets.h"

namespace chat::auth {
namespace {

bool RightCode(const Pending& pending, std::string_view code) {
  return SameSecret(pending.jwt ? Hex(Sha256(code)) : std::string(code), pending.code);
}

VerifyVerdict JudgeRepeated(const Pending& pending, std::string_view code,
                            const CodeLimits& limits) {
  if (*pending.verified_s > kVerifyAgainS || pending.wrong_tries >= limits.wrong_tries) {
    return VerifyVerdict::kNone;
  }
  return RightCode(pending, code) ? VerifyVerdict::kAgain : VerifyVerdict::kNoneTried;
}

}  // namespace

bool Matches(const Claim& claim, const Pending& pending) {
  if (!claim.client_id.empty() && claim.client_id != claim.connection) return false;
  if (!claim.dev_key.empty() && claim.dev_key != pending.dev_key) return false;
  return claim.phone.empty() || NormalisePhone(claim.phone) == pending.phone;
}

SendVerdict JudgeSend(Send how, const std::optional<Pending>& pending, const Claim& claim,
                      const CodeLimits& limits) {
  if (!pending || pending->verified_s) return SendVerdict::kNone;
  if (!Matches(claim, *pending)) return SendVerdict::kMismatch;
  if (pending->wrong_tries >= limits.wrong_tries) return SendVerdict::kUsedUp;
  if (pending->jwt || pending->code_age_s >= limits.life_s) return SendVerdict::kNew;
  if (how == Send::kSms && pending->code_age_s >= kSameCodeS) return SendVerdict::kNew;
  return SendVerdict::kSame;
}

VerifyVerdict JudgeVerify(const std::optional<Pending>& pending, const Claim& claim,
                          std::string_view code, const CodeLimits& limits) {
  if (!pending) return VerifyVerdict::kNone;
  if (!Matches(claim, *pending)) {
    return pending->verified_s ? VerifyVerdict::kNone : VerifyVerdict::kMismatch;
  }
  if (pending->verified_s) return JudgeRepeated(*pending, code, limits);
  if (pending->wrong_tries >= limits.wrong_tries || pending->code_age_s >= limits.life_s) {
    return VerifyVerdict::kExpired;
  }
  return RightCode(*pending, code) ? VerifyVerdict::kAccept : VerifyVerdict::kWrong;
}

}  // namespace chat::auth
