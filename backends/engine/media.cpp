#include "backends/engine/media.hpp"

#include "backends/engine/subprocess.hpp"

#include <utility>

namespace synapse::backends {

namespace {

// No playlists and no formats that name other files: what is uploaded must not read the disk.
constexpr auto formats = "wav,w64,aiff,au,caf,mp3,flac,ogg,aac,amr,asf,mov,mp4,matroska,webm";

// ffmpeg's last message without the names in front of it: addresses, temporary files.
std::string last_message(std::string text) {
  while (text.ends_with('\n'))
    text.pop_back();
  text.erase(0, text.rfind('\n') + 1);
  text.erase(0, text.starts_with('[') && text.find("] ") != std::string::npos ? text.find("] ") + 2
                                                                              : 0);
  auto name_end = text.find(": ");
  if (text.starts_with('/') && name_end != std::string::npos)
    text.erase(0, name_end + 2);
  return text;
}

} // namespace

std::vector<std::string> media::input_arguments(const std::string& file) const {
  return {"-nostdin",
          "-hide_banner",
          "-loglevel",
          "error",
          "-y",
          "-threads",
          "1",
          "-vn",
          "-sn",
          "-dn",
          "-protocol_whitelist",
          "file",
          "-format_whitelist",
          formats,
          "-i",
          file};
}

std::string media::run(std::vector<std::string> arguments) const {
  program_call call;
  call.program = find_program(programs_.ffmpeg);
  if (call.program.empty())
    throw engine_error("missing program: " + programs_.ffmpeg);
  call.arguments = std::move(arguments);
  call.limit = programs_.limit;
  auto result = run_program(call, stop_);
  if (!result.good()) {
    result.complaints = last_message(std::move(result.complaints));
    throw engine_error("ffmpeg " + result.reason());
  }
  return std::move(result.output);
}

sound media::decode(const std::string& file, unsigned rate) const {
  auto arguments = input_arguments(file);
  for (const auto& each : {std::string("-map"), std::string("0:a:0"), std::string("-ac"),
                           std::string("1"), std::string("-ar"), std::to_string(rate),
                           std::string("-f"), std::string("s16le"), std::string("pipe:1")})
    arguments.push_back(each);
  sound out;
  out.rate = rate;
  out.samples = from_pcm16(run(std::move(arguments)));
  return out;
}

void media::transcode(const std::string& from, const std::vector<std::string>& arguments,
                      const std::string& to) const {
  auto all = input_arguments(from);
  all.insert(all.end(), {"-map", "0:a:0"});
  all.insert(all.end(), arguments.begin(), arguments.end());
  all.push_back(to);
  run(std::move(all));
}

} // namespace synapse::backends
