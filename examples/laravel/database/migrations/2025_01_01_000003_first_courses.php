<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Support\Facades\DB;

return new class extends Migration
{
    public function up(): void
    {
        DB::table('courses')->insert([
            ['title' => '代数', 'teacher' => '田中'],
            ['title' => 'Biology', 'teacher' => 'Suzuki'],
            ['title' => 'Drawing', 'teacher' => null],
        ]);
    }

    public function down(): void
    {
        DB::table('courses')->delete();
    }
};
