// The sentences in which a code reaches its user (PROTOCOL 5.1.1, 5.1.2). Pure.
#pragma once

#include <string>
#include <string_view>

namespace chat::auth {

std::string SmsText(std::string_view code);
// The code digit by digit in `language`: ua, en or it; anything else is en.
std::string VoiceText(std::string_view language, std::string_view code);

}  // namespace chat::auth
