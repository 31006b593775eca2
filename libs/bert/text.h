#pragma once

#include <string>
#include <string_view>

#include "libs/bert/decode_result.h"
#include "libs/bert/limits.h"
#include "libs/bert/term.h"

namespace chat::bert {

// Terms as Erlang writes them, for people, logs of tests and the command line; nothing of this is
// on the wire.

// One line in the style of the golden vectors:
//  - lists always `[1,2|tail]`, never as strings; maps `#{k => v,k2 => v2}`; `,` without a space;
//  - binaries `<<"text">>` when ASCII, `<<"текст"/utf8>>` when other UTF-8, `<<1,2,3>>` when there
//  is a character
//    that is neither printable nor \n \r \t;
//  - atoms quoted unless they are a Latin-1 word that starts in lower case and is not reserved;
//  - the shortest float that reads back as the same.
// ParseErlangText(ToErlangText(t)) == t for every t the decoder gives. The text may be several
// times as long as the payload: cut it before it goes into a log.
std::string ToErlangText(const Term& term);

// Reads one term; white space and `% comments` between its parts and a final `.` are allowed.
// Besides the style above: strings "abc" (a list of code points), characters `$a`, numbers with
// base `16#ff`, several segments in a binary
// (`<<"abc",0,"д"/utf8>>`), escapes \n \r \t \b \f \v \e \s \d \0..\777 \xHH \x{H...}. `limits`
// bound depth, terms and integers as for payloads; the bytes of binaries are bounded by the length
// of the text.
DecodeResult ParseErlangText(std::string_view text, const Limits& limits = {});

}  // namespace chat::bert
