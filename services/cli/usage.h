// The texts of --help, made from the command and option tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/cli/arguments.h"

namespace chat::cli {

std::string Overview(const std::vector<Command>& commands);
std::string Manual(const Command& command);
// "usage: chat send TO TEXT [OPTIONS]\n"
std::string UsageLine(const Command& command);

// Lists of words in the tables, separated by blanks.
size_t CountWords(std::string_view words);
bool HasWord(std::string_view words, std::string_view word);

}  // namespace chat::cli
