#include "http/dialects/whisper_cpp/request.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace synapse::http::whisper_cpp {
namespace {

std::string field(const form_fields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& one) { return one.first == name; });
  return found == fields.end() ? "(none)" : found->second;
}

TEST(whisper_cpp_request, asks_for_all_that_the_server_has) {
  EXPECT_EQ(fields_of({}), (form_fields{{"response_format", "verbose_json"},
                                        {"language", "auto"},
                                        {"translate", "false"},
                                        {"split_on_word", "true"},
                                        {"no_timestamps", "false"},
                                        {"no_language_probabilities", "true"}}));
}

TEST(whisper_cpp_request, names_a_language_that_the_server_knows_or_none) {
  question what;
  for (const auto& [said, sent] : {std::pair{"de", "de"},
                                   {"German", "de"},
                                   {"auto", "auto"},
                                   {"", "auto"},
                                   {"xx", "auto"},
                                   {"de\r\nX: y", "auto"}}) {
    what.language = said;
    EXPECT_EQ(field(fields_of(what), "language"), sent) << said;
  }
}

TEST(whisper_cpp_request, has_the_clients_wishes) {
  question what;
  what.prompt = "Synapse, Piper.";
  what.temperature = "0.2";
  what.translate = true;
  const auto fields = fields_of(what);
  EXPECT_EQ(field(fields, "prompt"), "Synapse, Piper.");
  EXPECT_EQ(field(fields, "temperature"), "0.2");
  EXPECT_EQ(field(fields, "translate"), "true");
}

TEST(whisper_cpp_request, leaves_out_temperatures_that_the_server_fails_at) {
  question what;
  for (const auto* text : {"", "warm", "0.5x", " 0.5", "-1", "2", "nan", "inf", "1e999"}) {
    what.temperature = text;
    EXPECT_EQ(field(fields_of(what), "temperature"), "(none)") << text;
  }
  for (const auto* text : {"0", "1", "1.0", "5e-1"}) {
    what.temperature = text;
    EXPECT_EQ(field(fields_of(what), "temperature"), text);
  }
}

} // namespace
} // namespace synapse::http::whisper_cpp
