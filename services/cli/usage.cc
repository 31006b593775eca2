#include "services/cli/usage.h"

#include <algorithm>

namespace chat::cli {

namespace {

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string Title(const Command& command) {
  std::string title(command.name);
  if (!command.operands.empty()) title.append(" ").append(command.operands);
  return title;
}

std::string Title(const Option& option) {
  std::string title(option.name);
  if (!option.value.empty()) title.append(" ").append(option.value);
  return title;
}

std::string Row(const std::string& title, std::string_view text) {
  constexpr size_t kColumn = 34;
  std::string row = "  " + title;
  row.append(row.size() + 1 < kColumn ? kColumn - row.size() : 1, ' ');
  return row.append(text) + "\n";
}

std::string OptionRows(bool everywhere, std::string_view named) {
  std::string rows;
  for (const Option& option : Options()) {
    if (everywhere ? option.everywhere : HasWord(named, option.name)) {
      rows += Row(Title(option), option.help);
    }
  }
  return rows;
}

constexpr std::string_view kExitCodes =
    "Exit code: 0 done; 1 refused, the error code is on stderr; 2 usage, or the home cannot be "
    "used;\n3 no connection or no answer.\n";

}  // namespace

std::string Overview(const std::vector<Command>& commands) {
  std::string text = "usage: chat COMMAND [OPERANDS] [OPTIONS]\n\nA CHAT client.\n\nCommands:\n";
  for (const Command& command : commands) text += Row(Title(command), command.summary);
  text += Row("COMMAND --help", "the manual of one command");
  text += Row("--version", "the version");
  text += "\nOptions of every command:\n" + OptionRows(true, "") + "\n";
  return text.append(kExitCodes);
}

std::string Manual(const Command& command) {
  std::string text = UsageLine(command) + "\n";
  text.append(command.summary).append("\n\n").append(command.details).append("\n\nOptions:\n");
  text += OptionRows(false, command.options) + OptionRows(true, "") + "\n";
  return text.append(kExitCodes);
}

std::string UsageLine(const Command& command) {
  std::string line = "usage: chat " + Title(command);
  for (const Option& option : Options()) {
    if (HasWord(command.options, option.name)) line += " [" + Title(option) + "]";
  }
  return line + " [OPTIONS]\n";
}

size_t CountWords(std::string_view words) { return Words(words).size(); }

bool HasWord(std::string_view words, std::string_view word) {
  const auto all = Words(words);
  return std::find(all.begin(), all.end(), word) != all.end();
}

}  // namespace chat::cli
