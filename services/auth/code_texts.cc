#include "services/auth/code_texts.h"

namespace chat::auth {
namespace {

struct VoiceLine {
  std::string_view language;
  std::string_view before;
};
constexpr VoiceLine kVoice[] = {
    {"en", "Your code is: "},
    {"ua", "Ваш код: "},
    {"it", "Il tuo codice è: "},
};

}  // namespace

std::string SmsText(std::string_view code) {
  return std::string("Your code is ").append(code).append(". Do not give it to anyone.");
}

std::string VoiceText(std::string_view language, std::string_view code) {
  const VoiceLine* line = &kVoice[0];
  for (const VoiceLine& candidate : kVoice) {
    if (candidate.language == language) line = &candidate;
  }
  std::string text(line->before);
  for (size_t i = 0; i < code.size(); ++i) {
    if (i > 0) text += ", ";
    text += code[i];
  }
  return text += '.';
}

}  // namespace chat::auth
