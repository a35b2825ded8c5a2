#pragma once

#include "backends/engine/wav.hpp"
#include "tests/backends/raw_client.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends::test {

/// @returns a WAV file in which one of flite's voices says the text; made once per program.
const std::string& spoken(const std::string& voice, const std::string& text);

/// @returns a file's sound, through ffmpeg.
sound heard(const std::string& bytes, unsigned rate = 16000);

/// @returns one sound after the other. @pre all have the same rate
sound joined(const std::vector<sound>& parts);

/// @returns a tone.
sound tone(double hz, double seconds, unsigned rate = 16000);

/// @returns the sound with white noise added, the same every time.
sound with_noise(sound from, float amplitude);

/// @returns how far `noisy` is above its difference to `clean`, in dB; both may be shifted against
/// each other by up to 5 ms.
double signal_to_noise(const sound& clean, const sound& noisy);

/// A form being filled in.
class filled_form {
public:
  filled_form& file(std::string_view name, std::string_view filename, std::string_view bytes);
  filled_form& field(std::string_view name, std::string_view value);

  /// Sends it as one request.
  answer post(std::uint16_t port, std::string_view target,
              std::vector<std::string> fields = {}) const;

  /// Sends it without waiting for the answer.
  void send(raw_client& client, std::string_view target,
            std::vector<std::string> fields = {}) const;

private:
  std::string parts_;
};

/// A folder for the temporary files of a service; the test's end checks that it is empty.
class watched_folder {
public:
  watched_folder();
  ~watched_folder();
  watched_folder(const watched_folder&) = delete;
  watched_folder& operator=(const watched_folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  bool empty() const { return std::filesystem::is_empty(path_); }

  /// @returns an executable script in a folder beside it.
  std::string script(const std::string& name, const std::string& text);

private:
  std::filesystem::path root_;
  std::filesystem::path path_;
};

} // namespace synapse::backends::test
