<?php

// To a stream, never to a file: when the log cannot be written, a failed `migrate` ends with exit code 0.
return [
    'default' => env('LOG_CHANNEL', 'stderr'),
    'channels' => [
        'stderr' => [
            'driver' => 'monolog',
            'handler' => Monolog\Handler\StreamHandler::class,
            'with' => ['stream' => 'php://stderr'],
        ],
        'single' => ['driver' => 'single', 'path' => storage_path('logs/laravel.log')],
    ],
];
